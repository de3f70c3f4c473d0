<?php
foreach ([1] as $i) { echo $i; }
define('A', getenv('VA'));
define('B', getenv('VB'));
define('C', getenv('VC'));
define('D', getenv('VD'));
define('E', getenv('VE'));
define('F', getenv('VF'));
define('G', getenv('VG'));
define('H', getenv('VH'));
define('I', getenv('VI'));
