drop statistics pairs;
