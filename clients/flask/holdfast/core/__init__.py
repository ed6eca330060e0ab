"""What every client does, without a framework. ``protocol/README.md`` is the algorithm; each capability has its own module."""
