// The connection between the two browsers. The doctor's side calls; after that either may renegotiate, and when both do
// at once the patient's side gives way ("perfect negotiation"). A page that was loaded anew is a new party: both begin
// again, and the visit knows nothing of it. Tells "change" when its `status` is another one.
const RESTART_AFTER = 2500;
const REDIAL_AFTER = 9000;

const newName = () => crypto.randomUUID().replaceAll("-", "");

export class Call extends EventTarget {
  status = "alone"; // alone, calling, connected, broken
  remote = new MediaStream();
  servers = [];
  #line;
  #media;
  #polite;
  #pc = null;
  #other = "";
  #name = "";
  #making = false;
  #ignoring = false;
  #chain = Promise.resolve();
  #heard = new Map();
  #senders = { audio: null, video: null };
  #since = 0;
  #restart = 0;

  constructor({ line, media, side }) {
    super();
    this.#line = line;
    this.#media = media;
    this.#polite = side === "patient";
    media.addEventListener("change", () => this.#seat());
    setInterval(() => this.#redialIfStuck(), 1000);
    addEventListener("online", () => this.#pc && this.status !== "alone" && this.#again());
  }

  get pictureSender() {
    return this.#senders.video;
  }

  async stats() {
    return this.#pc?.connectionState === "connected" ? this.#pc.getStats() : null;
  }

  // Called with every answer of the server: where the other one is, and under which page.
  meet(other) {
    if (other.where === "room") {
      if (other.page !== this.#other) {
        this.#other = other.page;
        if (this.#polite) this.#forget();
        else this.#dial();
        this.#set("calling");
      }
    } else if (this.#other && this.#pc?.connectionState !== "connected") {
      // Away from the server alone is no reason: the call may stand while the heartbeat is lost.
      this.#other = "";
      this.#forget();
      this.#set("alone");
    }
  }

  hear(signals) {
    for (const signal of signals) {
      // In their order, one after the other: each step is a promise.
      this.#chain = this.#chain.then(() => this.#take(signal)).catch((error) => console.info("room:", error.message));
    }
  }

  hangUp() {
    if (this.#other && this.#name) this.#line.say("bye", { to: this.#other, call: this.#name });
    this.#other = "";
    this.#forget();
    this.#set("alone");
  }

  #set(status) {
    if (status === "calling" || status === "broken") this.#since ||= performance.now();
    else this.#since = 0;
    if (status === this.status) return;
    this.status = status;
    this.dispatchEvent(new Event("change"));
  }

  #dial() {
    this.#forget();
    this.#begin(newName());
    const pc = this.#pc;
    for (const kind of ["audio", "video"]) this.#senders[kind] = pc.addTransceiver(kind, { direction: "sendrecv" }).sender;
    this.#seat();
  }

  // Steps that wait for a connection which is closed meanwhile wait for ever: whatever comes next must not stand behind.
  #forget() {
    this.#chain = Promise.resolve();
    this.#drop();
  }

  #drop() {
    clearTimeout(this.#restart);
    const pc = this.#pc;
    this.#pc = null;
    this.#name = "";
    this.#senders = { audio: null, video: null };
    this.#making = this.#ignoring = false;
    pc?.close();
    for (const track of this.remote.getTracks()) this.remote.removeTrack(track);
  }

  #begin(name) {
    this.#drop();
    this.#name = name;
    const pc = (this.#pc = new RTCPeerConnection({ iceServers: this.servers, bundlePolicy: "max-bundle" }));
    const isPast = () => pc !== this.#pc;
    const told = { to: this.#other, call: name };
    pc.addEventListener("icecandidate", ({ candidate }) => {
      if (!isPast()) this.#line.say("candidate", { ...told, candidate: candidate?.toJSON() ?? null });
    });
    pc.addEventListener("track", ({ track }) => {
      if (!isPast()) this.remote.addTrack(track);
    });
    pc.addEventListener("negotiationneeded", async () => {
      if (isPast()) return;
      try {
        this.#making = true;
        await pc.setLocalDescription();
        if (!isPast()) this.#line.say(pc.localDescription.type, { ...told, sdp: pc.localDescription.sdp });
      } catch (error) {
        console.info("room:", error.message);
      } finally {
        this.#making = false;
      }
    });
    pc.addEventListener("connectionstatechange", () => {
      if (isPast()) return;
      clearTimeout(this.#restart);
      if (pc.connectionState === "connected") this.#set("connected");
      else if (pc.connectionState === "disconnected") this.#wait(RESTART_AFTER);
      else if (pc.connectionState === "failed") this.#wait(0);
    });
  }

  // It often comes back by itself. The doctor's side renews first, so that both rarely do it at once.
  #wait(pause) {
    this.#set("broken");
    this.#restart = setTimeout(() => this.#again(), pause + (this.#polite ? 2000 : 0));
  }

  #again() {
    if (this.#pc && this.#pc.connectionState !== "connected" && this.#pc.signalingState !== "closed") this.#pc.restartIce();
  }

  #redialIfStuck() {
    if (!this.#other || !this.#since || performance.now() - this.#since < REDIAL_AFTER) return;
    this.#since = performance.now();
    if (this.#polite) this.#again();
    else this.#dial();
  }

  async #take({ kind, page, to, call, n, sdp, candidate }) {
    // Meant for this very page, and heard once: a request whose answer was lost is sent again.
    if (to !== this.#line.page || n <= (this.#heard.get(page) ?? 0)) return;
    this.#heard.set(page, n);
    if (kind === "offer" && this.#polite && call !== this.#name) {
      this.#other = page;
      this.#begin(call);
      this.#set("calling");
    }
    if (call !== this.#name || page !== this.#other || !this.#pc) return; // of a call that is over
    const pc = this.#pc;
    if (kind === "bye") {
      this.#other = "";
      this.#drop();
      this.#set("alone");
    } else if (kind === "candidate") {
      try {
        await pc.addIceCandidate(candidate ?? undefined);
      } catch (error) {
        if (!this.#ignoring) throw error;
      }
    } else {
      this.#ignoring = !this.#polite && kind === "offer" && (this.#making || pc.signalingState !== "stable");
      if (this.#ignoring) return;
      await pc.setRemoteDescription({ type: kind, sdp });
      if (kind !== "offer" || pc !== this.#pc) return;
      this.#sitDown();
      await pc.setLocalDescription();
      this.#line.say("answer", { to: page, call, sdp: pc.localDescription.sdp });
    }
  }

  // The one who is called takes the places that the offer has laid.
  #sitDown() {
    for (const place of this.#pc.getTransceivers()) {
      place.direction = "sendrecv";
      this.#senders[place.receiver.track.kind] = place.sender;
    }
    this.#seat();
  }

  #seat() {
    const now = { audio: this.#media.tracks.audio, video: this.#media.shown };
    for (const kind of ["audio", "video"]) {
      const sender = this.#senders[kind];
      if (sender && sender.track !== now[kind]) sender.replaceTrack(now[kind]).catch(() => {});
    }
  }
}
