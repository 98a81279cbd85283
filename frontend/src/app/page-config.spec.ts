import { describe, expect, test } from '@jest/globals';

import { fakeFetch } from '../testing/fake-fetch';
import { loadPageConfig } from './page-config';

describe('loadPageConfig', () => {
  test.each([
    [{ WEBSOCKET_ENABLED: true }, true],
    [{ WEBSOCKET_ENABLED: false }, false],
    [{ WEBSOCKET_ENABLED: 'false' }, false],
    [{}, true],
  ])('reads %j', async (body, expected) => {
    fakeFetch({ 'GET /config.json': { body } });
    expect(await loadPageConfig()).toEqual({ WEBSOCKET_ENABLED: expected });
  });

  test('starts with the defaults if the file is missing or invalid', async () => {
    fakeFetch({});
    expect(await loadPageConfig()).toEqual({ WEBSOCKET_ENABLED: true });
    fakeFetch({ 'GET /config.json': { body: null } });
    expect(await loadPageConfig()).toEqual({ WEBSOCKET_ENABLED: true });
  });
});
