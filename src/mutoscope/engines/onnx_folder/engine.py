"""The engine "onnx": a public checkpoint of the Stable Diffusion kind on ONNX Runtime, without PyTorch."""

from collections.abc import Iterator

from mutoscope.engines.base import EngineSettings
from mutoscope.engines.onnx_folder.drawing import Networks, draw
from mutoscope.engines.onnx_folder.folder import describe, read_folder
from mutoscope.engines.onnx_folder.graphs import Graphs
from mutoscope.errors import SettingError
from mutoscope.events import Event
from mutoscope.hub.names import Place
from mutoscope.init_image import InitImage
from mutoscope.prompt.request import Request
from mutoscope.telemetry import import_onnxruntime

TAKEN = {
    "runtime": ("auto", "onnx"), "device": ("auto", "cpu"), "precision": (None, "fp32"), "offload": ("auto", "none"),
}  # fmt: skip


class OnnxFolderEngine:
    """A folder of ONNX files in diffusers layout; graphs are opened with the first drawing."""

    def __init__(self, place: Place, settings: EngineSettings = EngineSettings()):
        check_settings(settings)
        folder = read_folder(place.path)
        self.capabilities = describe(folder, place, f"onnxruntime {import_onnxruntime().__version__}, cpu")
        self._networks = Networks(folder, Graphs(folder.path, settings.threads))

    def draw(self, request: Request, init_image: InitImage | None = None, preview: bool = False) -> Iterator[Event]:
        """Draw a request; see base.Engine."""
        return draw(request, self._networks, init_image, preview)

    def close(self) -> None:
        """Give the memory of the graphs back; the next drawing opens them again."""
        self._networks.graphs.close()


def check_settings(settings: EngineSettings) -> None:
    """Refuse what this engine cannot do; SettingError."""
    for name, taken in TAKEN.items():
        value = getattr(settings, name)
        if value not in taken:
            shown = ", ".join("none given" if one is None else one for one in taken)
            raise SettingError(
                f"a folder of ONNX files runs on ONNX Runtime and the CPU; got {name} {value!r}, expected {shown}"
            )
