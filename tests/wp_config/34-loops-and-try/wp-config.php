<?php
while ($i-- > 0) { define('A', 1); }
do { define('B', 1); $table_prefix = 'x_'; } while (false);
for ($i = 0; $i < 2; ++$i) define('C', 1);
try { define('D', load()); } catch (A | B $e) { define('E', 1); } finally { done(); }
$first = true;
foreach ([1, 2] as [$a, 'b' => $b]) { if (!$first) { define('F', $a); } $first = false; }
define('G', 'end');
