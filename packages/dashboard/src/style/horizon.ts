import '@patternfly/react-core/dist/styles/base-no-reset.css';
import './app.css';
import './horizon.css';
