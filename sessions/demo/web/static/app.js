// What makes open pages live. Everything can be done without it: forms are forms.
"use strict";

const SOON_SECONDS = 60;
const TOAST_MS = 6000;
const RETRY_MS = 2000;

const main = document.getElementById("main");
const all = (selector, within = document) => within.querySelectorAll(selector);

// --- small things ---------------------------------------------------------------------------------

function toast(text) {
  const shown = document.createElement("p");
  shown.className = "toast";
  shown.textContent = text;
  document.querySelector("[data-toasts]").append(shown);
  setTimeout(() => shown.remove(), TOAST_MS);
}

function fillIn({ fillName, fillPassword }) {
  document.getElementById("name").value = fillName;
  document.getElementById("password").value = fillPassword;
  document.querySelector("form button[type=submit]").focus();
}

function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  const isHidden = field.type === "password";
  field.type = isHidden ? "text" : "password";
  button.textContent = isHidden ? "Hide" : "Show";
  button.setAttribute("aria-pressed", String(isHidden));
}

for (const button of all("[data-fill-name], [data-reveal]")) {
  button.hidden = false;
  button.addEventListener("click", () =>
    button.dataset.reveal ? reveal(button) : fillIn(button.dataset));
}

// A reload is not to tell once more what was told.
if (location.search) history.replaceState(null, "", location.pathname);

// A page that the browser kept may show what is nobody's business any more.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// --- clocks ---------------------------------------------------------------------------------------

function asClock(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(left / 3600);
  const rest = `${Math.floor(left / 60) % 60}:${two(left % 60)}`;
  return hours ? `${hours}:${rest.padStart(5, "0")}` : rest;
}

class Clock {
  constructor(element) {
    this.element = element;
    this.wind(Number(element.dataset.left));
    this.show();
  }

  // The store's time is what counts: from here on only how much of it has gone by.
  wind(seconds) {
    this.endsAt = performance.now() / 1000 + seconds;
    this.hasWarned = false;
  }

  show() {
    const left = this.endsAt - performance.now() / 1000;
    const isSoon = left < SOON_SECONDS;
    this.element.querySelector("[data-digits]").textContent = asClock(left);
    this.element.querySelector("progress").value = Math.max(0, left);
    this.element.classList.toggle("soon", isSoon);
    if (isSoon && !this.hasWarned && left > 0) {
      this.hasWarned = true;
      toast("This session ends within a minute.");
    }
  }
}

const clocks = new Map();
for (const element of all("[data-clock]")) clocks.set(element.dataset.clock, new Clock(element));
const ticking = setInterval(() => clocks.forEach((clock) => clock.show()), 250);

function wind(left) {
  clocks.get("idle")?.wind(left.idle_left);
  clocks.get("absolute")?.wind(left.absolute_left);
}

// --- live parts -----------------------------------------------------------------------------------

function replacePart({ id, html }) {
  const part = document.getElementById(id);
  if (part === null) return;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : null;
  const known = new Set([...all("[id]", part)].map((each) => each.id));
  part.innerHTML = html;
  for (const row of all(".device", part)) {
    if (!known.has(row.querySelector("button").id)) row.classList.add("new");
  }
  if (focused !== null) {
    (document.getElementById(focused) ?? document.querySelector("h2[tabindex]"))?.focus();
  }
}

function end(why) {
  clearInterval(ticking);
  const page = document.querySelector("[data-ended]").content.cloneNode(true);
  page.querySelector("[data-why]").textContent = why;
  for (const part of all("[data-private]")) part.remove();
  main.replaceChildren(page);
  document.title = "Session ended · Sessions";
  main.querySelector("h1").focus();
}

let isLive = null;

function setLive(isNow, text) {
  const sign = document.querySelector("[data-live]");
  if (sign) {
    sign.hidden = false;
    sign.classList.toggle("lost", !isNow);
    sign.querySelector("[data-live-text]").textContent = text;
  }
  // Once, and in words for those who do not see the sign.
  if (isLive === !isNow) toast(isNow ? "This page is live again." : `${text}. Trying again.`);
  isLive = isNow;
}

function follow(address) {
  const stream = new EventSource(address);
  const on = (kind, act) =>
    stream.addEventListener(kind, (event) => {
      setLive(true, "Live");
      act(JSON.parse(event.data));
    });
  on("part", replacePart);
  on("clocks", wind);
  on("notice", toast);
  stream.addEventListener("ended", (event) => { stream.close(); end(JSON.parse(event.data)); });
  stream.onerror = () => {
    // The browser comes again by itself, unless the answer was anything but a stream.
    if (stream.readyState === EventSource.CLOSED) askAgain(address);
    else setLive(false, "Connection lost");
  };
}

// What the answer was, an EventSource does not tell: that there is nothing for us, which is the end,
// or that nobody knows, which is none.
async function askAgain(address) {
  const asking = new AbortController();
  const headers = { Accept: "text/event-stream" };
  const answer = await fetch(address, { headers, signal: asking.signal }).catch(() => null);
  asking.abort();
  if (answer?.status === 200) follow(address);
  else if (answer && answer.status < 500) end("You are signed out on this device.");
  else {
    setLive(false, answer ? "The store does not answer" : "Connection lost");
    setTimeout(askAgain, RETRY_MS, address);
  }
}

if (main.dataset.stream) follow(main.dataset.stream);
