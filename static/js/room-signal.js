// One request carries what this page has to say and brings what was said to it; each also shows that the page is there.
// Tells "answer" with what came, "lost" and "found" about the way to the server, "refused" when it is closed for us.
const PATIENCE = 8000;
const MOST_AT_ONCE = 50;

export class Line extends EventTarget {
  stage = "lobby";
  state = { sound: false, picture: false, screen: false, wish: "auto" };
  pace = 3000;
  #config;
  #token;
  #after = "0-0";
  #mark;
  #outbox = [];
  #number = 0;
  #timer = 0;
  #busy = false;
  #again = false;
  #failures = 0;
  #stopped = false;

  constructor(config, token) {
    super();
    this.#config = config;
    this.#token = token;
    this.#mark = config.mark;
    addEventListener("online", () => this.turn());
    document.addEventListener("visibilitychange", () => document.hidden || this.turn());
  }

  get page() {
    return this.#config.page;
  }

  say(kind, rest) {
    this.#outbox.push({ kind, n: ++this.#number, ...rest });
    this.soon();
  }

  // What belongs together (an offer and its first candidates) goes in one request.
  soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.turn(), 40);
  }

  forget() {
    this.#outbox = [];
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  post(url, fields) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.#token);
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return fetch(url, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store" });
  }

  // The page goes away: only a beacon still gets out.
  wave(url) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.#token);
    body.set("page", this.page);
    navigator.sendBeacon(url, body);
  }

  async turn() {
    if (this.#stopped) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    this.#again = false;
    clearTimeout(this.#timer);
    let pause = 0;
    try {
      pause = await this.#ask();
    } catch {
      // A connection that is away for a moment is ordinary on a phone.
      this.#failures += 1;
      if (this.#failures === 2) this.dispatchEvent(new Event("lost"));
      pause = Math.min(500 * 2 ** this.#failures, 4000);
    }
    this.#busy = false;
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.turn(), pause || (this.#again ? 20 : this.pace));
  }

  async #ask() {
    const signals = this.stage === "room" ? this.#outbox.slice(0, MOST_AT_ONCE) : [];
    const response = await fetch(this.#config.exchange, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.#token },
      body: JSON.stringify({ stage: this.stage, page: this.page, state: this.state, signals, after: this.#after, mark: this.#mark }),
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout?.(PATIENCE),
    });
    if (response.status === 429) return 5000;
    if (response.status >= 500) throw new Error("the server is away");
    if (!response.ok) {
      this.stop();
      this.dispatchEvent(new Event("refused"));
      return 0;
    }
    const answer = await response.json();
    if (answer.other) this.#outbox.splice(0, signals.length);
    this.#after = answer.after ?? this.#after;
    this.#mark = answer.mark ?? this.#mark;
    if (this.#failures >= 2) this.dispatchEvent(new Event("found"));
    this.#failures = 0;
    this.dispatchEvent(new CustomEvent("answer", { detail: answer }));
    return 0;
  }
}
