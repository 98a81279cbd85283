import { provideZonelessChangeDetection } from '@angular/core';

import { describeSimulatedPages } from '../../test/simulated-page.js';

describeSimulatedPages('without zone.js', provideZonelessChangeDetection());
