<?php
define('A', 10);
define('B', 0xFF);
define('C', 010);
define('D', 0o10);
define('E', 0b101);
define('F', 1_000_000);
define('G', -3);
define('H', TRUE);
define('I', False);
define('J', NULL);
define('K', 1.5);
define('L', (int) '12');
define('M', (string) 12);
define('N', (bool) 'yes');
