// Camera, microphone and screen of this person. Tells "change" when a track came, went or became another one.
const WANTED = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, facingMode: "user" },
};
const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

// Why no call can be made here at all; null when it can.
export const hindrance = () => {
  if (!window.isSecureContext) return "insecure";
  return window.RTCPeerConnection && navigator.mediaDevices?.getUserMedia ? null : "unsupported";
};

export const mayAlready = async () => {
  try {
    const asked = await Promise.all(["camera", "microphone"].map((name) => navigator.permissions.query({ name })));
    return asked.every((permission) => permission.state === "granted");
  } catch {
    return false;
  }
};

export class Media extends EventTarget {
  tracks = { audio: null, video: null };
  screen = null;
  chosen = { audio: "", video: "" };
  #soundOn = true;

  get sound() {
    return Boolean(this.tracks.audio?.enabled);
  }

  get picture() {
    return Boolean(this.tracks.video);
  }

  // What goes to the other one in place of a picture.
  get shown() {
    return this.screen ?? this.tracks.video;
  }

  // Why each kind is not there: { audio: reason or null, video: reason or null }. Both are asked for at once, so that
  // the browser asks once; when that fails each by itself, so that one works without the other.
  async open(kinds = { audio: true, video: true }) {
    const wanted = Object.keys(kinds).filter((kind) => kinds[kind]);
    const why = { audio: null, video: null };
    if (wanted.length === 0) return why;
    try {
      await this.#get(wanted);
    } catch (error) {
      if (wanted.length === 1) why[wanted[0]] = REASONS[error.name] ?? "failed";
      else {
        for (const kind of wanted) {
          try {
            await this.#get([kind]);
          } catch (alone) {
            why[kind] = REASONS[alone.name] ?? "failed";
          }
        }
      }
    }
    this.#tell();
    return why;
  }

  async devices() {
    const found = await navigator.mediaDevices.enumerateDevices();
    const of = (kind) => found.filter((device) => device.kind === kind && device.deviceId);
    return { audio: of("audioinput"), video: of("videoinput") };
  }

  async choose(kind, id) {
    this.chosen[kind] = id;
    if (!this.tracks[kind]) return null;
    return (await this.open({ [kind]: true }))[kind];
  }

  async setSound(on) {
    this.#soundOn = on;
    if (!this.tracks.audio && on) return (await this.open({ audio: true })).audio;
    if (this.tracks.audio) this.tracks.audio.enabled = on;
    this.#tell();
    return null;
  }

  // Off means that the camera's light goes out too.
  async setPicture(on) {
    if (on) return (await this.open({ video: true })).video;
    this.#drop("video");
    this.#tell();
    return null;
  }

  async share() {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } });
    [this.screen] = stream.getVideoTracks();
    this.screen.contentHint = "detail";
    this.screen.addEventListener("ended", () => this.unshare());
    this.#tell();
  }

  unshare() {
    this.screen?.stop();
    this.screen = null;
    this.#tell();
  }

  close() {
    this.screen?.stop();
    this.screen = null;
    this.#drop("audio");
    this.#drop("video");
    this.#tell();
  }

  async #get(kinds) {
    const wanted = {};
    for (const kind of kinds) {
      wanted[kind] = { ...WANTED[kind] };
      if (this.chosen[kind]) wanted[kind].deviceId = { exact: this.chosen[kind] };
    }
    const stream = await navigator.mediaDevices.getUserMedia(wanted);
    for (const track of stream.getTracks()) {
      this.#drop(track.kind);
      this.tracks[track.kind] = track;
      if (track.kind === "audio") track.enabled = this.#soundOn;
      // Unplugged, or taken away in the browser's own settings.
      track.addEventListener("ended", () => {
        if (this.tracks[track.kind] !== track) return;
        this.tracks[track.kind] = null;
        this.#tell();
      });
    }
  }

  #drop(kind) {
    const track = this.tracks[kind];
    this.tracks[kind] = null;
    track?.stop();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
