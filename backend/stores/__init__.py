"""Adapters of the document-store and blob-store ports."""
