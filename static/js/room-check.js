// The camera check on the page of a room that is not open yet.
import { Lobby } from "./room-lobby.js";
import { Media } from "./room-media.js";

const root = document.querySelector("[data-room-check]");
new Lobby(root.querySelector("[data-check]"), new Media(), JSON.parse(root.dataset.words));
