"""A Seller Center to test against: a second, independent reading of the API.

It imports nothing of the pipeline and only the standard library, so that one misreading cannot pass its
own tests, and so that it starts at once wherever Python does.
"""

from pipeline.sandbox.clock import DrivenClock, RealClock
from pipeline.sandbox.options import SandboxOptions
from pipeline.sandbox.sandbox import Sandbox, serve

__all__ = ["DrivenClock", "RealClock", "Sandbox", "SandboxOptions", "serve"]
