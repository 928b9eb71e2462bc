"""What stands around the facts: requests, openings, and what camera and sun do while a clip runs."""

# How people ask for a picture; what follows is a noun phrase.
REQUESTS = {
    "": "show me / please show me / can you show me / could you show me / i want to see / i'd like to see / i would "
        "like to see / i would love to see / let me see / give me / please give me / i want / i'd like / i would like "
        "/ make me / please make / can you make / could you make / create / please create / generate / please "
        "generate / can you generate / render / imagine / just imagine / i need / i am looking for / looking for / we "
        "want / let's see / how about / something like / it should show / i dream of / here we have / remember / "
        "think of / what about",
}  # fmt: skip

# How a sentence about a picture begins; what follows is a noun phrase, one thing or several.
OPENINGS = {
    "": "this is|these are / it shows|it shows / the scene shows|the scene shows / we see|we see / you see|you see / "
        "you can see|you can see / one sees|one sees / here you see|here you see / the view is of|the view is of / "
        "before us lies|before us lie / ahead lies|ahead lie / in front of us is|in front of us are / before you "
        "lies|before you lie / in the frame is|in the frame are / this shows|this shows / the picture shows|the "
        "picture shows",
}  # fmt: skip

# What the camera does while a clip runs, as a clause that follows a comma and as a sentence.
CAMERA = {
    "still": "static camera / still camera / fixed camera / the camera does not move / locked-off shot / camera fixed "
        "/ camera stands still / static shot / the view stays still / on a tripod / no camera movement / the camera "
        "stands still / motionless camera / stationary camera",
    "pan left": "camera panning left / the camera pans left / pan to the left / slow pan left / the view turns left / "
        "camera moves left / camera turning left / the camera turns left / panning left / pan left / panning to the "
        "left / slowly panning left / the camera pans to the left / the camera slowly pans left / the camera sweeps "
        "left / the view pans left / with a pan to the left / leftward pan / left pan / the camera swings to the left",
    "pan right": "camera panning right / the camera pans right / pan to the right / slow pan right / the view turns "
        "right / camera moves right / camera turning right / the camera turns right / panning right / pan right / "
        "panning to the right / slowly panning right / the camera pans to the right / the camera slowly pans right / "
        "the camera sweeps right / the view pans right / with a pan to the right / rightward pan / right pan / the "
        "camera swings to the right",
    "tilt up": "camera tilting up / the camera tilts up / tilt up / the view rises / camera moves up / slow tilt "
        "upwards / tilting up / tilting upwards / camera tilts upwards / the camera tilts upwards / the camera slowly "
        "tilts up / the camera looks up / the view tilts up / upward tilt / slow tilt up / the camera moves upwards / "
        "camera panning up / the camera pans up",
    "tilt down": "camera tilting down / the camera tilts down / tilt down / the view sinks / camera moves down / slow "
        "tilt downwards / tilting down / tilting downwards / camera tilts downwards / the camera tilts downwards / "
        "the camera slowly tilts down / the camera looks down / the view tilts down / downward tilt / slow tilt down "
        "/ the camera moves downwards / camera panning down / the camera pans down",
    "zoom in": "camera zooming in / the camera zooms in / zoom in / slow zoom in / the camera moves closer / push in "
        "/ zooming in / slowly zooming in / the camera slowly zooms in / the camera comes closer / camera moving "
        "closer / camera pushing in / slow push in / the view closes in / moving closer / camera moves in / zooming "
        "closer / the view comes nearer / with a slow zoom in",
    "zoom out": "camera zooming out / the camera zooms out / zoom out / slow zoom out / the camera pulls back / pull "
        "out / zooming out / slowly zooming out / the camera slowly zooms out / the camera draws back / camera moving "
        "away / camera pulling back / slow pull back / the view widens / moving away / camera moves out / pulling "
        "back / the view grows wider / with a slow zoom out",
}  # fmt: skip

# What the sun does while a clip runs.
EVENT = {
    "none": "",
    "sun rising": "the sun climbing above the horizon / sun rising / timelapse of the rising sun / the sun moves up / "
        "with the sun climbing higher / the sun coming up higher / the sun rises higher / the sun climbs up / "
        "timelapse of a sunrise / time-lapse of the rising sun / while the sun climbs / the sun slowly climbs / the "
        "sun slowly rises / with the sun slowly rising / the sun moving upwards / as the sun climbs into the sky",
    "sun setting": "the sun sinking lower / sun setting / timelapse of the setting sun / the sun moves down / with "
        "the sun going lower / the sun going lower / the sun sinks lower / timelapse of a sunset / time-lapse of the "
        "setting sun / the sun slowly sinks / the sun slowly sets / with the sun slowly setting / the sun moving "
        "downwards / as the sun drops lower / the sun moves lower and lower",
}  # fmt: skip

# The other words that sentences are put together with.
FRAMES = (
    "a / an / the / of / and / this is / these are / it shows / there is / there are / on a / with / that / over / above / under "
    "/ beneath / while / as / where / when / below lies / it is / lie / before you are"
)
