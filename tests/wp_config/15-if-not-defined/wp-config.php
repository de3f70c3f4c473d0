<?php
defined('A') || define('A', 'a');
defined( 'B' ) or define( 'B', 'b' );
if (!defined('C')) define('C', 'c');
if ( ! defined('D') ) { define('D', 'd'); define('E', 'e'); }
if ( ! defined('F') ) : define('F', 'f'); define('G', 'g'); endif;
if (defined('H') === false) { define('H', 'h'); }
define('I', 'first');
defined('I') || define('I', 'second');
if (!defined('I')) { define('I', 'third'); define('J', 'skipped'); }
! defined('J') && define('J', 'j');
