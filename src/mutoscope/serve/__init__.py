"""A server that loses nothing: `mutoscope serve`, and the one object that every route speaks to.

jobs      Order, Job, Result: what is asked for, and what became of it; Refusal
settings  ServeSettings: limits, folder, address
store     the durable queue, SQLite; files  results beside it: on the disk before their row is; retention  removes old ones
cost      how much work a job is, and how much is taken
catalog   the models by name, with what they take; loads no weights
planning  Order -> requests, checked
worker    the child process that draws; seat  the thread beside it that claims jobs, and survives it
hiring    which workers there are: processes, each with its device, or remote  replicas of `cluster.serving`; wire  the bytes between
desk      Desk, the seam: everything above behind a few calls
feed      what one listener has not read yet
app       create_app(desk, settings) -> FastAPI; strict, guard, streams, login, answers  its parts
access    get_desk, get_logins for routes
routes    jobs, events, results; facts  models, styles, sizes, info; login_route; counting  /metrics, /healthz
checkpoints  models that are not drawn with yet; downloads, fetcher  what fetches one, and the process that does
items     the library in few words each; live, live_route  pictures while somebody types; previews  what is seen of a job meanwhile
arena     comparisons, pairs, votes; arena_drawing, arena_files, arena_routes  its parts
library   several at once, a zip file; boards  named sets, the favourites among them; runs  training runs as they are on the disk
pages     the page at /; page/  its files; thumbnails  small pictures of results
a1111     routes of the shape of AUTOMATIC1111's server; a1111_bodies, a1111_pictures, a1111_calls, a1111_answers  its parts
a1111_extras  larger pictures, as that server makes them
openai_images, openai_variations, openai_videos, openai_models  /v1 of OpenAI; openai_fields, openai_streams  what they share
running   the socket, signals, and the end

**The seam.** Routers are made with `strict.new_router()` and get the desk by `desk: Desk = Depends(access.get_desk)`:

    job = await desk.submit(Order("a lake", kind="image", options={"seed": 7}, number=2, format="png"))
    job = await desk.wait(job.id, seconds=60)            # ended, or as it is after so long
    job = await desk.find(job.id)                        # Refusal 404 for one that is not there
    jobs, more = await desk.list_jobs(limit=20, after=last_id, newest_first=True, origin="videos")
    job = await desk.cancel(job.id)                      # Refusal 409 for one that has ended
    await desk.remove(job.id)                            # an ended job with its files; one that runs is cancelled first
    result = await desk.find_result(result_id)           # Result; desk.path_of(result) is its file
    data = await desk.read_result(result)                # its bytes
    async for note in desk.listen(job.id, after=0):      # Note(name, job_id, data, number); job_id None: of all jobs
        note.name                                        # "state", "progress", "preview", "result", "removed"
    desk.catalog                                         # models: names, `find(name)` -> Entry(id, capabilities)
    desk.progress_of(job.id)                             # what the worker last said; None

An `Order` carries options by the names of `ImageOptions` or `VideoOptions` (and `precision`); `image` and `mask_image` are the bytes of a
PNG, JPEG or WebP file. `Order.memo` is a small JSON object that is kept with the job and given back as `job.memo`: what a router wants
to remember (the size as it was asked for, a remixed id). `Order.key` is an Idempotency-Key; `Order.seed_each` lets picture i
have the seed + i and the index 0; `Order.quality` is that of JPEG and WebP files. `Order.origin` says who asks and selects
in `list_jobs`.

What is wrong with an order is raised by `submit`, before anything is kept: any `RequestError` or `MediaError` of the package, or a
`Refusal` with a status and headers (429 with Retry-After when full). `app.create_app` answers all of them in one shape,
`{"error": {"message", "type", "param", "code"}}`; a router that needs another shape registers nothing, it catches `MutoscopeError` and uses
`answers.status_of(error)`.

`job.state` is queued, running, done, failed or cancelled; `job.results` grows while it runs, a picture at a time; bytes stay.
Numbers of notes grow through all jobs and all restarts, so `listen(after=n)` repeats nothing and misses no state and no
result; progress and previews have the number 0, and only the newest of each job is kept for a slow reader.
"""
