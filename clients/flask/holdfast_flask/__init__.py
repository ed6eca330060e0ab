"""Sessions for Flask: ``from holdfast_flask import Holdfast, current_session, session_required``."""

from holdfast.flask import *  # noqa: F401,F403
from holdfast.flask import __all__ as __all__
