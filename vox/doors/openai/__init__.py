"""OpenAI's audio API over HTTP: what programs made for it ask, answered by the models of this machine."""
