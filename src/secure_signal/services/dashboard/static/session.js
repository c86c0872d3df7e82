// Asks for an API key where the service needs one.

import { byId } from "./dom.js";

// Resolves when this browser may read; rejects when the service does not answer.
export async function signedIn() {
  const answer = await fetch("session");
  const found = await answer.json();
  if (answer.ok) byId("sign-out").hidden = !found.session;
  else if (answer.status === 401) await askForKey();
  else throw new Error(found.detail);
}

function askForKey() {
  const form = byId("sign-in");
  const key = byId("key");
  const error = byId("sign-in-error");
  form.hidden = false;
  key.focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      error.textContent = await open(key.value.trim());
      if (error.textContent) return;
      key.value = "";
      form.hidden = true;
      byId("sign-out").hidden = false;
      resolve();
    };
  });
}

// Why no session was opened; empty when one is.
async function open(key) {
  try {
    const answer = await fetch("session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ key }),
    });
    return answer.ok ? "" : (await answer.json()).detail;
  } catch {
    return "The service does not answer. Try again.";
  }
}

export async function signOut() {
  await fetch("session", { method: "DELETE" });
  location.reload();
}
