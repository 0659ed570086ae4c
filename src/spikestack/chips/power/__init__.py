"""Power management of finished runs: policies, what-if tables, precision."""
