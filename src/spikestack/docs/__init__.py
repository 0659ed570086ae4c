"""The documentation site: pages of models from their files, and pages whose code runs."""
