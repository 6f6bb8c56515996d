"""OpenAI's audio API as it is served here, described: `/openapi.json`, and `/docs` for a reader."""
