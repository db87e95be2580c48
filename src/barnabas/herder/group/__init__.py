"""Sharing work among the workers of a group: encodings, the assignor (both pure functions), membership."""
