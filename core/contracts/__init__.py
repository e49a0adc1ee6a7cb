"""Words and shapes shared by every part: Pydantic models, their JSON Schemas and the API's OpenAPI document."""
