"""Runs on chips shown: reports, pictures, pages."""
