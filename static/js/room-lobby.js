// The check of camera and microphone before anybody sees them: a preview, the devices, a level, and what to do when
// something is not there.
import { hindrance, mayAlready } from "./room-media.js";

export class Lobby {
  #box;
  #media;
  #words;
  #audio = null;
  #meter = 0;

  constructor(box, media, words) {
    this.#box = box;
    this.#media = media;
    this.#words = words;
    box.hidden = false;
    this.#find("test").addEventListener("click", () => this.test());
    for (const select of box.querySelectorAll("[data-device]")) {
      select.addEventListener("change", async () => this.#say(await media.choose(select.dataset.device, select.value)));
    }
    media.addEventListener("change", () => this.#draw());
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.#list());
    const why = hindrance();
    if (why) {
      this.#say(why);
      this.#find("test").disabled = true;
      this.#find("ask").hidden = true;
    } else mayAlready().then((may) => may && this.test());
  }

  async test() {
    if (hindrance()) return;
    const button = this.#find("test");
    button.setAttribute("aria-busy", "true");
    const why = await this.#media.open();
    button.removeAttribute("aria-busy");
    this.#say(why.audio && why.video ? why.audio : (why.audio ?? why.video));
    this.#find("ask").hidden = true;
    this.#works(why);
    await this.#list();
    this.#listen();
  }

  close() {
    cancelAnimationFrame(this.#meter);
    this.#audio?.close();
    this.#audio = null;
    this.#box.hidden = true;
  }

  #find(name) {
    return this.#box.querySelector(`[data-${name}]`);
  }

  #say(why) {
    this.#find("trouble").hidden = !why;
    this.#find("trouble-words").textContent = why ? this.#words[why] : "";
  }

  #works(why) {
    const words = this.#words;
    this.#find("works").textContent = why.audio && why.video ? "" : why.video ? words.worksSound : why.audio ? words.worksPicture : words.works;
    this.#find("devices").hidden = Boolean(why.audio && why.video);
  }

  #draw() {
    const track = this.#media.tracks.video;
    const video = this.#find("preview");
    video.srcObject = track ? new MediaStream([track]) : null;
    video.hidden = !track;
    this.#find("nopreview").hidden = Boolean(track);
  }

  async #list() {
    if (!this.#media.tracks.audio && !this.#media.tracks.video) return;
    const found = await this.#media.devices();
    for (const select of this.#box.querySelectorAll("[data-device]")) {
      const kind = select.dataset.device;
      const used = this.#media.tracks[kind]?.getSettings().deviceId;
      select.replaceChildren(
        ...found[kind].map((device, at) => {
          const name = device.label || `${kind === "video" ? this.#words.camera : this.#words.microphone} ${at + 1}`;
          return new Option(name, device.deviceId, false, device.deviceId === used);
        }),
      );
      select.closest(".field").hidden = found[kind].length === 0;
    }
  }

  // A browser lets a page listen only after a click or a key.
  #listen() {
    if (!navigator.userActivation?.hasBeenActive || this.#audio || !this.#media.tracks.audio || !window.AudioContext) return;
    this.#audio = new AudioContext();
    const analyser = this.#audio.createAnalyser();
    analyser.fftSize = 512;
    this.#audio.createMediaStreamSource(new MediaStream([this.#media.tracks.audio])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const level = this.#find("level");
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      level.value = Math.min(1, Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length) * 4);
      this.#meter = requestAnimationFrame(draw);
    };
    draw();
  }
}
