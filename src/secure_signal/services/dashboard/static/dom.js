// The page's elements. What users sent goes in as text only, never as markup.

export function byId(id) {
  return document.getElementById(id);
}

export function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

export function timeElement(text, shown) {
  const made = element("time", "", shown);
  made.dateTime = text;
  made.title = text;
  return made;
}
