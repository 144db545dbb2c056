// The keys under the picture: each shows what is on, and says what pressing it does.
export class Controls {
  #stage;
  #media;
  #words;

  constructor(stage, media, words, onTrouble) {
    this.#stage = stage;
    this.#media = media;
    this.#words = words;
    const press = (name, act) =>
      this.#key(name).addEventListener("click", async () => {
        this.#key(name).disabled = true;
        onTrouble((await act()) ?? null);
        this.#key(name).disabled = false;
        this.draw();
      });
    press("sound", () => media.setSound(!media.sound));
    press("picture", () => media.setPicture(!media.picture));
    press("screen", async () => {
      if (media.screen) return media.unshare();
      // Closing the browser's own question is no trouble.
      return media.share().catch(() => null);
    });
    this.#key("screen").hidden = !navigator.mediaDevices?.getDisplayMedia;
    media.addEventListener("change", () => this.draw());
    this.draw();
  }

  draw() {
    const words = this.#words;
    this.#show("sound", this.#media.sound, words.mute, words.unmute);
    this.#show("picture", this.#media.picture, words.cameraOff, words.cameraOn);
    this.#show("screen", Boolean(this.#media.screen), words.unshare, words.share);
  }

  #key(name) {
    return this.#stage.querySelector(`[data-key="${name}"]`);
  }

  #show(name, on, whenOn, whenOff) {
    this.#key(name).setAttribute("aria-pressed", String(on));
    this.#key(name).querySelector("[data-key-words]").textContent = on ? whenOn : whenOff;
  }
}
