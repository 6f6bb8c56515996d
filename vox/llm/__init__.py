"""Language models: what is asked of one, and the asking over HTTP.

This layer knows no conversation, no audio and no client: a request goes out, pieces of text and of tool calls come in.
"""
