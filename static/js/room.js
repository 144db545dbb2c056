// The room of a video visit: puts the parts together. The server alone knows whether the visit goes on; this page may be
// closed and opened again at any moment without it noticing.
import { Controls } from "./room-controls.js";
import { Lobby } from "./room-lobby.js";
import { Media, hindrance } from "./room-media.js";
import { Notes } from "./room-messages.js";
import { Call } from "./room-peer.js";
import { LEVELS, Quality } from "./room-quality.js";
import { Line } from "./room-signal.js";

const root = document.querySelector("[data-room]");
const config = JSON.parse(root.dataset.config);
const words = JSON.parse(root.dataset.words);
const find = (name) => root.querySelector(`[data-${name}]`);
const KEPT = `room:${config.visit}`;
const PACE = { negotiating: 400, waiting: 1000, connected: 2500, lobby: 2500, hidden: 6000 };

const line = new Line(config, root.querySelector('input[name="csrfmiddlewaretoken"]').value);
const notes = new Notes(root, line, words, words.otherName);

const banner = (sentence) => {
  find("banner-words").textContent = sentence ?? "";
  find("banner").hidden = !sentence;
};
line.addEventListener("lost", () => banner(navigator.onLine ? words.again : words.offline));
line.addEventListener("found", () => banner(null));
// The session ended, or the room is no longer ours: the page itself says why.
line.addEventListener("refused", () => location.reload());

// Beginning the visit keeps the call: no page is loaded.
const startForm = find("start-visit");
startForm?.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const response = await line.post(startForm.action, {});
    if (!response.ok) banner((await response.json()).error);
    line.turn();
  } catch {
    banner(words.again);
  }
});
const follow = (visit) => {
  if (startForm) startForm.hidden = visit === "running";
  if (find("end-visit")) find("end-visit").hidden = visit !== "running";
};

if (config.call) callHere();
else line.addEventListener("answer", ({ detail }) => (detail.visit === "over" ? location.assign(config.after) : (follow(detail.visit), notes.add(detail.messages))));
line.turn();

function callHere() {
  const media = new Media();
  const call = new Call({ line, media, side: config.side });
  const quality = new Quality(call);
  const stage = find("stage");
  const remote = find("remote");
  const self = find("self");
  const lobbyBox = find("lobby");
  const lobby = new Lobby(find("check"), media, words);
  let other = { where: "away", state: {} };
  let wasHere = false;
  let isOver = false;
  lobbyBox.hidden = false;
  find("where").hidden = false;
  new Controls(stage, media, words, (why) => banner(why && words[why]));

  const write = (element, sentence) => {
    if (element.textContent !== sentence) element.textContent = sentence;
  };
  const mark = (name, sentence) => {
    const badge = root.querySelector(`[data-mark="${name}"]`);
    badge.hidden = !sentence;
    badge.querySelector("[data-mark-words]").textContent = sentence ?? "";
  };
  const draw = () => {
    const isConnected = call.status === "connected";
    const where = other.where === "away" && wasHere ? words.left : words[other.where];
    write(find("where-words"), where);
    const picture = isConnected && (other.state.picture || other.state.screen);
    find("cover").hidden = picture;
    const covering = isConnected ? words.noPicture : call.status === "broken" ? words.again : call.status === "calling" ? words.calling : where;
    write(find("cover-words"), covering);
    write(find("call-words"), isConnected ? (other.state.screen ? words.screen : words.connected) : call.status === "alone" ? "" : covering);
    remote.classList.toggle("whole", Boolean(other.state.screen));
    mark("muted", isConnected && !other.state.sound ? words.muted : null);
    const weak = !quality.isForced && quality.level > 0;
    mark("weak", isConnected && weak ? (LEVELS[quality.level] ? words.weak : words.soundOnly) : null);
    self.hidden = !media.shown;
    stage.dataset.status = call.status;
  };
  const tell = () => {
    const sends = LEVELS[quality.level] !== null;
    line.state = { sound: media.sound, picture: media.picture && sends, screen: Boolean(media.screen) && sends, wish: quality.wish };
    if (line.stage === "room") line.soon();
  };
  const pace = () => {
    if (line.stage !== "room") line.pace = document.hidden ? PACE.hidden : PACE.lobby;
    else if (call.status === "connected") line.pace = PACE.connected;
    else line.pace = call.status === "alone" ? PACE.waiting : PACE.negotiating;
  };
  const play = () => {
    // Not before there is something to see: a stream without data keeps the page "loading".
    remote.srcObject ??= call.remote;
    remote.play().then(
      () => (find("play").hidden = true),
      (error) => (find("play").hidden = error.name !== "NotAllowedError"),
    );
  };

  media.addEventListener("change", () => {
    self.srcObject = media.shown ? new MediaStream([media.shown]) : null;
    self.classList.toggle("mirrored", !media.screen);
    quality.isScreen = Boolean(media.screen);
    quality.apply();
    tell();
    draw();
  });
  call.addEventListener("change", () => {
    if (call.status === "connected") {
      banner(null);
      quality.renew();
      play();
    } else if (call.status === "broken") banner(words.again);
    pace();
    line.soon();
    draw();
  });
  quality.addEventListener("change", () => {
    tell();
    draw();
  });
  find("play").addEventListener("click", play);
  find("wish").addEventListener("change", ({ target }) => {
    quality.wish = target.value;
    quality.apply();
    tell();
  });

  line.addEventListener("answer", ({ detail }) => {
    if (detail.visit === "over") return over();
    follow(detail.visit);
    notes.add(detail.messages);
    if (detail.taken) return taken();
    if (detail.other) {
      other = detail.other;
      wasHere ||= other.where === "room";
      quality.otherWish = other.state.wish ?? "auto";
      quality.apply();
      if (line.stage === "room") {
        call.meet(other);
        call.hear(detail.signals);
      }
    }
    pace();
    draw();
  });

  const enter = async (how) => {
    banner(null);
    try {
      const response = await line.post(config.join, { page: config.page });
      if (!response.ok) return response.status >= 500 ? banner(words.again) : location.reload();
      call.servers = (await response.json()).servers;
    } catch {
      return banner(words.again);
    }
    sessionStorage.setItem(KEPT, how);
    line.stage = "room";
    lobbyBox.hidden = true;
    find("where").hidden = true;
    find("taken").hidden = true;
    stage.hidden = false;
    lobby.close();
    if (how === "sound" && media.picture) await media.setPicture(false);
    else {
      const missing = { audio: !media.tracks.audio, video: how === "camera" && !media.tracks.video };
      const why = await media.open(missing);
      if (why.audio ?? why.video) banner(words[why.audio ?? why.video]);
    }
    tell();
    pace();
    draw();
    line.turn();
  };
  const stand = () => {
    line.stage = "lobby";
    call.hangUp();
    media.close();
    stage.hidden = true;
    sessionStorage.removeItem(KEPT);
  };
  const leave = async () => {
    call.hangUp();
    await line.turn();
    line.wave(config.leave);
    stand();
    line.stop();
    location.assign(config.after);
  };
  const taken = () => {
    line.forget();
    stand();
    find("taken").hidden = false;
    line.stop();
  };
  const over = () => {
    if (isOver) return;
    isOver = true;
    line.stop();
    line.wave(config.leave);
    stand();
    lobby.close();
    lobbyBox.hidden = true;
    find("where").hidden = true;
    banner(null);
    find("over").hidden = false;
    find("over").querySelector("h2").focus();
    for (const button of root.querySelectorAll("[data-write] button, [data-write] textarea")) button.disabled = true;
    if (config.side === "doctor") location.assign(config.after);
  };

  for (const button of root.querySelectorAll("[data-join]")) {
    button.disabled = Boolean(hindrance());
    button.addEventListener("click", () => enter(button.dataset.join));
  }
  find("leave").addEventListener("click", leave);
  find("take").addEventListener("click", () => {
    sessionStorage.setItem(KEPT, "camera");
    location.reload();
  });
  addEventListener("pagehide", () => line.stage === "room" && line.wave(config.leave));
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  // Loaded anew in the middle of the call: back into it.
  const kept = sessionStorage.getItem(KEPT);
  if (kept && !hindrance()) enter(kept);
  draw();
}
