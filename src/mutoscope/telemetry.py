"""Switches off the usage reports of the libraries that Mutoscope runs on, before they are imported.

ONNX Runtime reports by default since 1.29: it keeps a device id and a queue of events in the user's cache folder, sends them
to Microsoft, and prints a warning where it cannot write them. It decides once, when it is first loaded. So it is imported
through `import_onnxruntime` alone (tests/test_telemetry.py holds that), and whatever imports another library that reports
calls `disable_telemetry` first.
"""

import os
from types import ModuleType

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime
    "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, under datasets and transformers
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray, for clusters that are started here
}


def disable_telemetry() -> None:
    """Set the environment variables by which the libraries, and those of child processes, report nothing.

    A value that is already there is replaced: Mutoscope promises that nothing is sent, whoever set it.
    """
    os.environ.update(SWITCHES)


def import_onnxruntime() -> ModuleType:
    """Return the module `onnxruntime`, which reports nothing; raises what importing it raises."""
    disable_telemetry()
    import onnxruntime

    return onnxruntime
