import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { describe } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'microsoft-edge'];

const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** The arguments of the package would switch web security off and use one process. These keep the default behaviour. */
const ARGUMENTS = [
  '--no-sandbox',
  '--headless=shell',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
];

const HELP = 'No Chromium was found: install Chrome or Chromium, or set CHROME_PATH to the executable of one.';

const executable = await findChromium();

if (executable === undefined) {
  if (process.env['CI'] === 'true') throw new Error(HELP);
  console.warn(`Browser tests are skipped. ${HELP}`);
}

/** Like `describe`. Skips the tests if there is no browser; in CI they fail instead. */
export const describeInBrowser = executable === undefined ? describe.skip : describe;

const launches: Promise<Browser>[] = [];

export async function launchChromium(): Promise<Browser> {
  if (executable === undefined) throw new Error(HELP);
  // Jest ends a launch that hangs.
  const launch = chromium.launch({ executablePath: executable, args: ARGUMENTS, timeout: 0 });
  launches.push(launch);
  return launch;
}

/** Closes every browser that this spec launched, even if its launch was not awaited. */
export async function closeBrowsers(): Promise<void> {
  for (const launch of await Promise.allSettled(launches.splice(0))) {
    if (launch.status === 'fulfilled') await launch.value.close();
  }
}

async function findChromium(): Promise<string | undefined> {
  const wanted = process.env['CHROME_PATH'];
  if (wanted) {
    if (!existsSync(wanted)) throw new Error(`CHROME_PATH is "${wanted}", which does not exist.`);
    return wanted;
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const installed = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...PLACES];
  return installed.find((path) => existsSync(path)) ?? (await packaged());
}

/** The browser is an optional dependency, for Linux on x64 only. */
async function packaged(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const { default: packagedChromium } = await import('@sparticuz/chromium');
    return await packagedChromium.executablePath();
  } catch {
    return undefined;
  }
}
