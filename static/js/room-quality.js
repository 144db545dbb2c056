// How much picture a connection bears: the sound comes first, the picture steps down as packets get lost and up again
// when they have not for a while.
export const LEVELS = [
  { maxBitrate: 1_200_000, scaleResolutionDownBy: 1, maxFramerate: 30 },
  { maxBitrate: 450_000, scaleResolutionDownBy: 1.5, maxFramerate: 24 },
  { maxBitrate: 160_000, scaleResolutionDownBy: 3, maxFramerate: 15 },
  null,
];
export const FLOORS = { auto: 0, low: 2, sound: 3 };
const EVERY = 2500;
const BAD = 2; // looks in a row before it steps down
const GOOD = 8; // and before it dares to step up: too early, and it swings

// `loss` is a share of packets, `rtt` in seconds. Returns what was known, one look later.
export const judge = ({ level, bad, good }, { loss, rtt }) => {
  if (loss > 0.08 || rtt > 0.7) return bad + 1 >= BAD ? { level: Math.min(level + 1, LEVELS.length - 1), bad: 0, good: 0 } : { level, bad: bad + 1, good: 0 };
  if (loss < 0.02 && rtt < 0.35) return good + 1 >= GOOD ? { level: Math.max(level - 1, 0), bad: 0, good: 0 } : { level, bad: 0, good: good + 1 };
  return { level, bad: 0, good: 0 };
};

export const read = (report) => {
  let loss = 0;
  let rtt = 0;
  for (const one of report.values()) {
    if (one.type === "remote-inbound-rtp") {
      loss = Math.max(loss, one.fractionLost ?? 0);
      rtt = Math.max(rtt, one.roundTripTime ?? 0);
    } else if (one.type === "candidate-pair" && one.nominated) rtt = Math.max(rtt, one.currentRoundTripTime ?? 0);
  }
  return { loss, rtt };
};

// Tells "change" when the level that counts is another one.
export class Quality extends EventTarget {
  wish = "auto";
  otherWish = "auto";
  isScreen = false;
  #known = { level: 0, bad: 0, good: 0 };
  #applied = -1;
  #call;

  constructor(call) {
    super();
    this.#call = call;
    setInterval(() => this.#look(), EVERY);
  }

  get level() {
    return Math.max(this.#known.level, FLOORS[this.wish], FLOORS[this.otherWish] ?? 0);
  }

  get isForced() {
    return this.#known.level < this.level;
  }

  // A new connection knows nothing of what was set on the one before.
  renew() {
    this.#applied = -1;
    this.apply();
  }

  async apply() {
    const sender = this.#call.pictureSender;
    const level = this.level;
    const key = level + (this.isScreen ? 0.5 : 0);
    if (!sender || key === this.#applied) return;
    const parameters = sender.getParameters();
    if (!parameters.encodings?.length) return;
    const limits = LEVELS[level];
    Object.assign(parameters.encodings[0], limits ?? {}, { active: limits !== null });
    // A screen is read: it stays sharp and moves less.
    if (limits && this.isScreen) Object.assign(parameters.encodings[0], { scaleResolutionDownBy: 1, maxFramerate: 8 });
    try {
      await sender.setParameters(parameters);
      this.#applied = key;
    } catch {
      return; // between two negotiations; the next look sets it
    }
    this.dispatchEvent(new Event("change"));
  }

  async #look() {
    const report = await this.#call.stats();
    if (report) this.#known = judge(this.#known, read(report));
    await this.apply();
  }
}
