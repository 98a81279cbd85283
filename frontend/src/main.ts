import { bootstrapApplication } from '@angular/platform-browser';

import { App } from './app/app';
import { appConfig } from './app/app.config';
import { loadPageConfig } from './app/page-config';

bootstrapApplication(App, appConfig(await loadPageConfig())).catch((error: unknown) => console.error(error));
