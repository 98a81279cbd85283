import { provideZonelessChangeDetection } from '@angular/core';

import { describeSimulatedPages } from '../../test/support/simulated-page.js';

describeSimulatedPages('without zone.js', provideZonelessChangeDetection());
