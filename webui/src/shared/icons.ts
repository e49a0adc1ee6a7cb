/** The icons in use, each drawn inline: no icon font to load. */
import left from 'bootstrap-icons/icons/chevron-left.svg?raw'
import right from 'bootstrap-icons/icons/chevron-right.svg?raw'
import down from 'bootstrap-icons/icons/chevron-down.svg?raw'
import select from 'bootstrap-icons/icons/cursor.svg?raw'
import polygon from 'bootstrap-icons/icons/pentagon.svg?raw'
import freehand from 'bootstrap-icons/icons/pencil.svg?raw'
import eraser from 'bootstrap-icons/icons/eraser.svg?raw'
import trash from 'bootstrap-icons/icons/trash3.svg?raw'
import undo from 'bootstrap-icons/icons/arrow-counterclockwise.svg?raw'
import redo from 'bootstrap-icons/icons/arrow-clockwise.svg?raw'
import fit from 'bootstrap-icons/icons/arrows-angle-expand.svg?raw'
import eye from 'bootstrap-icons/icons/eye.svg?raw'
import hidden from 'bootstrap-icons/icons/eye-slash.svg?raw'
import sun from 'bootstrap-icons/icons/sun.svg?raw'
import moon from 'bootstrap-icons/icons/moon.svg?raw'
import close from 'bootstrap-icons/icons/x-lg.svg?raw'
import accept from 'bootstrap-icons/icons/check-lg.svg?raw'
import stop from 'bootstrap-icons/icons/stop-circle.svg?raw'
import download from 'bootstrap-icons/icons/download.svg?raw'
import warning from 'bootstrap-icons/icons/exclamation-triangle.svg?raw'
import train from 'bootstrap-icons/icons/play.svg?raw'
import help from 'bootstrap-icons/icons/question-lg.svg?raw'
import link from 'bootstrap-icons/icons/link-45deg.svg?raw'

export const ICONS = {
  left, right, down, select, polygon, freehand, eraser, trash, undo, redo, fit, eye, hidden, sun, moon, close, accept, stop,
  download, warning, train, help, link,
}
export type IconName = keyof typeof ICONS
