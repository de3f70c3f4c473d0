<?php
define('A', 'it\'s');
define('B', 'back\\slash');
define('C', '\n$x\x41');
define('D', '\\');
define('E', 'a\\\'b');
define('F', 'two
lines');
