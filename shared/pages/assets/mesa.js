// The entry of every page's scripts. A page is whole without them; each module adds one thing, and comes only where there
// is something to add it to.

/** @type {[selector: string, module: () => Promise<{ start: () => void }>][]} */
const MODULES = [
	["[data-now]", () => import("./clock.js")],
	["form[data-inplace]", () => import("./form.js")],
	["[data-draft], form[data-leave]", () => import("./draft.js")],
	["form [data-files]", () => import("./files.js")],
	["[data-poll][id], .rail", () => import("./poll.js")],
	["#textos", () => import("./canned.js")],
	["[data-presence]", () => import("./presence.js")],
	["[data-when]", () => import("./when.js")],
	["form[data-bulk]", () => import("./bulk.js")],
	[".desk", () => import("./keys.js")],
	["body:not(.desk) form[method='post'] :is(textarea, [aria-keyshortcuts])", () => import("./send.js")],
];

const wanted = MODULES.filter(([selector]) => document.querySelector(selector));
const started = wanted.map(([, load]) => load().then((module) => module.start()));
// For whoever drives a browser: the page is whole.
Promise.all(started).then(() => {
	document.documentElement.dataset.whole = "";
});

// Where the views are one line, the one that is being looked at is in sight.
document.querySelector(".rail-navs > nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
