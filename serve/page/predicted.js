// Predictions as ranges: what is expected, and between which bounds.

export const roiOf = ({ predicted }) => ({ low: predicted.roi_low, value: predicted.roi, high: predicted.roi_high });
export const salesOf = ({ predicted }) => ({
  low: predicted.settled_gmv_low,
  value: predicted.settled_gmv,
  high: predicted.settled_gmv_high,
});
