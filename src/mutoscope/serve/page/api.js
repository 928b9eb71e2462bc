// The one module that asks the server.
export class Refused extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.param = error.param;
    this.code = error.code;
  }
}

let onLogin = () => {};
/** Call `act` when the server wants its token. */
export function whenLoginNeeded(act) { onLogin = act; }

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error; // it was given up here
    throw new Refused(0, { message: "the server does not answer", code: "gone" });
  }
  if (answer.status === 204) return null;
  const data = await answer.json().catch(() => ({}));
  if (answer.ok) return data;
  if (answer.status === 401 && path !== "/login") onLogin();
  throw new Refused(answer.status, data.error || { message: `the server answers ${answer.status}` });
}

export const post = (path, body, more = {}) => ask(path, {
  method: "POST", headers: { "Content-Type": "application/json", ...more }, body: JSON.stringify(body),
});

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");

export const logIn = (token) => post("/login", { token });
export const getModels = async () => (await ask("/api/models")).data;
export const getStyles = async () => (await ask("/api/styles")).data;
export const getSizes = async () => (await ask("/api/sizes")).data;
export const getJob = (id) => ask(`/api/jobs/${encodeURIComponent(id)}`);
export const cancel = (id) => post(`/api/jobs/${encodeURIComponent(id)}/cancel`, {});
export const readInfo = (file) => ask("/api/info", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
export const thumbnail = (result) => `${result.url}/thumbnail`;

/** A page of jobs, the newest first. */
export function listJobs({ limit = 60, after, kind, words } = {}) {
  const asked = new URLSearchParams({ limit });
  for (const [name, value] of Object.entries({ after, kind, words })) if (value) asked.set(name, value);
  return ask(`/api/jobs?${asked}`);
}

/** A page of everything that was made, the newest first, in few words each. */
export function listItems({ limit, signal, ...rest }) {
  const asked = new URLSearchParams({ limit });
  for (const [name, value] of Object.entries(rest)) if (value) asked.set(name, value);
  return ask(`/api/items?${asked}`, { signal });
}

/** Order; the key makes sure that a repeated try is not a second job. */
export async function submit(order) {
  const key = { "Idempotency-Key": newKey() };
  try {
    return await post("/api/jobs", order, key);
  } catch (error) {
    if (error.status) throw error;
    await new Promise((done) => setTimeout(done, 800));
    return post("/api/jobs", order, key);
  }
}

/** Draw a picture that is kept nowhere; null when a newer one was asked for or a job came. */
export async function drawLive(order, signal) {
  const answer = await fetch("/api/live", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order), signal });
  if (answer.status === 204) return null;
  if (answer.ok) return answer.blob();
  throw new Refused(answer.status, (await answer.json().catch(() => ({}))).error || { message: `the server answers ${answer.status}` });
}

/** Remove a job that has ended, with its files; it goes on when the page is being closed. */
export async function remove(id) {
  const path = `/api/jobs/${encodeURIComponent(id)}`;
  const answer = await ask(path, { method: "DELETE", keepalive: true });
  return answer.deleted ? answer : ask(path, { method: "DELETE", keepalive: true });
}

/** Remove many jobs at once, with their files; it goes on when the page is being closed. */
export const removeAll = (jobs) => ask("/api/jobs/remove", { method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ jobs }) });
