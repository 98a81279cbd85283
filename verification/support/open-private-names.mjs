import { sep } from 'node:path';

const CLIENT_SOURCES = ['libs', 'client', 'src', ''].join(sep);

/**
 * Returns a source of the client with `_name` in place of each private `#name`, so that the digest of the explorer sees
 * the private fields. Returns other sources unchanged. Lines and columns stay.
 */
export function openPrivateNames(source, filename) {
  return filename.includes(CLIENT_SOURCES) ? source.replace(/#(?=[A-Za-z]\w*)/g, '_') : source;
}
