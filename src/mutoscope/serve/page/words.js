// Facts as people say them.
const PHASES = { load: "Loading the model", text: "Reading the words", draw: "Drawing", refine: "Refining", decode: "Making pixels", write: "Writing the file" };

/** What a job that waits or runs is doing. */
export function progressWords(job, said, place, wait = null) {
  if (job.state === "queued") return (place === 1 ? "Next in the queue" : `Waiting, number ${place} in the queue`) + (wait >= 1 ? `, about ${secondsWords(wait)}` : "");
  if (!said) return "Starting";
  const what = PHASES[said.phase] || said.phase;
  const step = said.total > 1 && said.step ? ` ${said.step} of ${said.total}` : "";
  const many = job.number > 1 ? `, ${said.place + 1} of ${job.number}` : "";
  return what + step + many + (said.seconds_left >= 1 ? `, ${secondsWords(said.seconds_left)} left` : "");
}

export function secondsWords(seconds) {
  if (seconds >= 90) return `${Math.round(seconds / 60)} min`;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

export function bytesWords(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The style that was asked for, as the form takes it. */
export function styleOf(request) {
  return (request.styles || []).filter((one) => !one.typed)
    .map((one) => (one.strength === 1 ? one.name : `${one.name}:${one.strength}`)).join(", ");
}

/** A request as a list of names and values. */
export function requestWords({ job, result }) {
  const said = result.request;
  const usual = { precision: "fp32" };
  const rows = [
    ["Style", styleOf(said)], ["Leave out", said.negative_prompt], ["Size", `${result.width} x ${result.height}`],
    ["Length", said.num_frames > 1 && `${said.num_frames} frames, ${(said.num_frames / said.fps).toFixed(1)} s at ${said.fps} a second`],
    ["Seed", said.index ? `${said.seed}, picture ${said.index + 1}` : String(said.seed)],
    ["Steps", said.num_inference_steps], ["Guidance", said.guidance_scale],
    ["Variation", said.variation && `${said.variation} towards seed ${said.variation_seed}`],
    ["Starts from", said.image_hash && `a picture, strength ${said.strength ?? 1}${said.mask_hash ? ", where the mask is" : ""}`],
    ["Post-processing", said.postprocess], ["Adapter", (said.adapters || []).map((one) => one.name).join(", ")],
    ["Precision", said.precision !== usual.precision && said.precision], ["Model", `${said.model || job.model}`],
    ["Made", new Date((job.ended || job.created) * 1000).toLocaleString()], ["Took", secondsWords(result.seconds)],
    ["File", `${job.format.toUpperCase()}, ${bytesWords(result.bytes)}`],
  ];
  return rows.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false && value !== 0);
}

/** A name for a file that is saved. */
export function fileName({ job, result }) {
  const words = result.request.prompt.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 48);
  return `${words || "mutoscope"}-${result.seed}${result.request.index ? `-${result.request.index + 1}` : ""}.${job.format}`;
}

export function sentence(words) {
  const text = words.trim();
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
