import '@patternfly/react-core/dist/styles/base.css';
import './app.css';
