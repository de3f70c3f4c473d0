<?php
define('ON', true);
if (ON) { define('A', 'yes'); } else { define('A', 'no'); }
if (false) { define('B', 'if'); } else { define('B', 'else'); }
if (0) define('C', 'if'); elseif (1) define('C', 'elseif'); else define('C', 'else');
if (defined('WP_CLI') && WP_CLI) { define('D', 'wp-cli'); } else { define('D', 'not wp-cli'); }
if (ON && !defined('X') and ON != false) { define('E', 'and'); }
if ('') { define('F', 'x'); }
define('G', ON === true ? 'ternary' : 'x');
if (ON) { if (!ON) { define('H', 'x'); } else { if (ON || unknown()) { define('H', 'nested'); } } }
if (getenv('APP_ENV') === 'staging') { define('I', 'staging'); } else { define('I', 'production'); }
ON and define('J', 'word');
if ('a' == 'a') define('K', 'equal');
