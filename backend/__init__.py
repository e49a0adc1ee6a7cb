"""The REST API behind the browser: projects, annotations, tasks and reviews in a document store."""
