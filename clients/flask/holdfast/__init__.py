"""Sessions that a Holdfast server keeps. Frameworks: ``holdfast.flask``, ``holdfast.django``, ``holdfast.asgi``; all on ``holdfast.core``."""
