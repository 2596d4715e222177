// Threshold and Analyze Particles of an 8-bit picture: getArgument() is "PICTURE THRESHOLD LEAST_AREA".
given = split(getArgument(), " ");
setBatchMode(true);
start = getTime();
open(given[0]);
opened = getTime();
setThreshold(0, parseInt(given[1]));
run("Set Measurements...", "area bounding perimeter feret's redirect=None decimal=3");
run("Analyze Particles...", "size=" + given[2] + "-Infinity pixel display clear");
print("wall " + (getTime() - opened) + " open " + (opened - start) + " regions " + nResults);
