<?php
if ( ! defined( 'A' ) ) :
    define( 'A', 'a' );
endif;
if (false): ?>
  <p>it's html</p>
<?php elseif (true): define('B', 'b'); else: define('B', 'x'); endif ?>
text
<?php
if (unknown()):
    define('C', 1);
    if (unknown()) { define('C', 2); }
else:
    define('C', 3);
endif;
define('D', 'after');
while (unknown()): endwhile;
foreach ($list as $key => $value):
    define('E', 'loop');
endforeach;
switch (unknown()):
    case 1: define('F', 1); break;
endswitch;
for ($i = 0; $i < 3; $i++): endfor;
define('G', 'end');
