// What this browser keeps for the one who is signed in. Where keeping is forbidden (a private window, a full disk, a
// rule of the entity), nothing is kept, and nothing else changes.

/** Whose page this is: the address that is signed in, or nothing. */
export const who = () => document.body.dataset.who ?? "";

/**
 * @template T
 * @param {(storage: Storage) => T} use
 * @returns {T | null}
 */
function kept(use) {
	try {
		return use(localStorage);
	} catch {
		return null;
	}
}

/** What lasts as long as the window. Where keeping is forbidden, nothing of it is kept. @param {(storage: Storage) => void} use */
export function briefly(use) {
	try {
		use(sessionStorage);
	} catch {
		// Whoever asks does without.
	}
}

/** @param {string} key */
export const read = (key) => kept((storage) => storage.getItem(key));

/**
 * @param {string} key
 * @param {string} value
 */
export const write = (key, value) => kept((storage) => storage.setItem(key, value));

/** @param {string} key */
export const remove = (key) => kept((storage) => storage.removeItem(key));

/** Every key that begins like this. @param {string} start */
export const keys = (start) => kept((storage) => Object.keys(storage).filter((key) => key.startsWith(start))) ?? [];
