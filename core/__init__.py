"""The science of Brodmann: no web framework, no database, usable from a notebook."""
