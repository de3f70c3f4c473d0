<?php
define('A', <<<EOT
line one
line "two" \" \$ \101

EOT
);
define('B', <<<'EOT'
raw $name \n 'q'
EOT);
define('C', <<<"EOT"
    indented
      more

    end
    EOT);
$name = 'main';
define('D', <<<  EOT
	hello {$name}
	EOT);
define('E', <<<EOT
EOT);
define('F', <<<A
join
A . 'ed');
