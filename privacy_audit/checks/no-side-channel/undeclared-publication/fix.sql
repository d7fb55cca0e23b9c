drop publication outside;
