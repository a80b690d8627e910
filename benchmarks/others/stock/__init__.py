"""The same API as REST framework's documentation would have one write it, on the same tables."""
