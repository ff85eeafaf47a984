"""A Qt widget that VTK draws into: one OpenGL context, made and owned by Qt.

VTK's own widget takes the native window and so does not work on Wayland; this one lets VTK draw
into its frame buffers and copies the finished frame into that of a `QOpenGLWidget`, as VTK's C++
widget ``QVTKOpenGLNativeWidget`` does. It has no interactor: VTK never sees a pointer or key.

Hard-won invariants
1. VTK asks for its context by an event; the answer is `QOpenGLContext.makeCurrent`, not that of
   the widget, which would bind another frame buffer in the middle of a frame.
2. A widget that moves to another window gets another context: VTK leaves the one and enters the
   other, with the same observers. Broken, floating a view ends the process.
   Guarded by ``test_a_view_that_moves_to_another_window_goes_on``.
3. VTK's graphics memory is freed while the context still lives, else the driver frees what
   belongs to another view. Guarded by ``tests/widgets/test_gl_view.py``.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from typing import Final

from PySide6.QtGui import QGuiApplication, QOpenGLContext, QSurface, QSurfaceFormat
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget
from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkRenderingCore import vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkGenericOpenGLRenderWindow

_GL_DEPTH_TEST: Final = 0x0B71
_GL_SCISSOR_TEST: Final = 0x0C11
_GL_LEQUAL: Final = 0x0203
_GL_COLOR_BUFFER_BIT: Final = 0x4000
_GL_LINEAR: Final = 0x2601
_DPI: Final = 72


class GlView(QOpenGLWidget):
    """A render window with one renderer. GUI thread.

    Attributes
    ----------
    render_window : what draws; draws nothing before the widget is shown and after `finish`
    renderer : its first renderer
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        # For the process: a format of this widget alone is drawn black on Wayland.
        QSurfaceFormat.setDefaultFormat(_surface_format())
        super().__init__(parent)
        self.setUpdateBehavior(QOpenGLWidget.UpdateBehavior.NoPartialUpdate)
        self.setMouseTracking(True)
        self._gl_context: QOpenGLContext | None = None
        self._gl_surface: QSurface | None = None
        self._is_painting = False
        self.render_window = vtkGenericOpenGLRenderWindow()
        self.render_window.SetMultiSamples(0)
        self.render_window.SetReadyForRendering(False)
        self.render_window.SetFrameBlitModeToNoBlit()
        self.renderer = vtkRenderer()
        self.render_window.AddRenderer(self.renderer)
        self._observers = [
            self.render_window.AddObserver(vtkCommand.WindowMakeCurrentEvent, self._make_current),
            self.render_window.AddObserver(vtkCommand.WindowIsCurrentEvent, self._tell_current),
            self.render_window.AddObserver(vtkCommand.WindowFrameEvent, self._show_frame),
        ]

    def finish(self) -> None:
        """Free the graphics memory and let go of the window. Once more does nothing."""
        if not self._observers:
            return
        self._leave_context()
        for observer in self._observers:
            self.render_window.RemoveObserver(observer)
        self._observers = []

    def _leave_context(self) -> None:
        """Free the graphics memory while the context lives; another one may follow it."""
        if self._gl_context is not None and self._gl_surface is not None:
            self._gl_context.makeCurrent(self._gl_surface)
        self.render_window.Finalize()
        self.render_window.SetReadyForRendering(False)
        self._gl_context = self._gl_surface = None

    # ---- what VTK asks ---------------------------------------------------------------------

    def _make_current(self, _window: object, _event: str) -> None:
        if self._gl_context is None or self._gl_surface is None:
            return
        try:
            self._gl_context.makeCurrent(self._gl_surface)
        except RuntimeError:  # destroyed with the window, without a word to us
            self._gl_context = self._gl_surface = None

    def _tell_current(self, _window: object, _event: str) -> None:
        current = QOpenGLContext.currentContext()
        is_ours = self._gl_context is not None and current is self._gl_context
        self.render_window.SetIsCurrent(is_ours)

    def _show_frame(self, _window: object, _event: str) -> None:
        if not self._is_painting and self.render_window.GetSwapBuffers():
            self.update()

    # ---- what Qt asks ----------------------------------------------------------------------

    def initializeGL(self) -> None:
        """Give VTK the context that Qt has made: the first, or another in another window."""
        if not self._observers:
            return
        self._gl_context = self.context()
        self._gl_surface = self._gl_context.surface()
        self._gl_context.aboutToBeDestroyed.connect(self._leave_context)
        _set_symbol_loader(self.render_window)
        self.render_window.OpenGLInitContext()
        self.render_window.OpenGLInit()
        state = self.render_window.GetState()
        state.Reset()
        state.vtkglDepthFunc(_GL_LEQUAL)
        state.vtkglEnable(_GL_DEPTH_TEST)
        self.render_window.SetForceMaximumHardwareLineWidth(1)
        self.render_window.SetOwnContext(0)
        self.render_window.SetReadyForRendering(True)

    def resizeGL(self, _width: int, _height: int) -> None:
        """Draw as many pixels as the screen has."""
        self.render_window.SetSize(*self._size_px())
        self.render_window.SetDPI(round(_DPI * self.devicePixelRatioF()))

    def paintGL(self) -> None:
        """Draw a frame and copy it into the widget."""
        if self._is_painting or not self.render_window.GetReadyForRendering():
            return
        state = self.render_window.GetState()
        state.Reset()  # Qt has changed it since
        state.Push()
        state.vtkglDepthFunc(_GL_LEQUAL)
        self._is_painting = True
        try:
            self.render_window.Render()
        finally:
            self._is_painting = False
        self.makeCurrent()  # with the widget's own frame buffer
        self._copy_frame()
        state.Pop()

    def _copy_frame(self) -> None:
        """From VTK's frame buffer into the bound one, opaque."""
        if self._gl_context is None:
            return
        width, height = self._size_px()
        functions = self._gl_context.functions()
        self.render_window.GetState().vtkglDisable(_GL_SCISSOR_TEST)
        functions.glDisable(_GL_SCISSOR_TEST)
        drawn_width, drawn_height = self.render_window.GetSize()
        self.render_window.BlitDisplayFramebuffer(
            0, 0, 0, drawn_width, drawn_height, 0, 0, width, height,
            _GL_COLOR_BUFFER_BIT, _GL_LINEAR,
        )  # fmt: skip
        functions.glColorMask(0, 0, 0, 1)
        functions.glClearColor(0.0, 0.0, 0.0, 1.0)
        functions.glClear(_GL_COLOR_BUFFER_BIT)
        functions.glColorMask(1, 1, 1, 1)

    def _size_px(self) -> tuple[int, int]:
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))


def _surface_format() -> QSurfaceFormat:
    """Desktop OpenGL 3.2 core: VTK's shaders are not those of OpenGL ES."""
    wanted = QSurfaceFormat()
    wanted.setRenderableType(QSurfaceFormat.RenderableType.OpenGL)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setVersion(3, 2)
    wanted.setSwapBehavior(QSurfaceFormat.SwapBehavior.DoubleBuffer)
    for set_bits in (wanted.setRedBufferSize, wanted.setGreenBufferSize, wanted.setBlueBufferSize):
        set_bits(8)
    wanted.setAlphaBufferSize(8)
    wanted.setDepthBufferSize(24)
    wanted.setSamples(0)
    return wanted


def _set_symbol_loader(window: vtkGenericOpenGLRenderWindow) -> None:
    """On Linux, tell VTK where OpenGL's functions are: another library under Wayland than X."""
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):  # VTK then looks for them itself
        if QGuiApplication.platformName().startswith("wayland"):
            loader = ctypes.CDLL("libEGL.so.1").eglGetProcAddress
        else:
            loader = ctypes.CDLL("libGL.so.1").glXGetProcAddressARB
        address = ctypes.cast(loader, ctypes.c_void_p).value or 0
        window.SetOpenGLSymbolLoader2(address, 0)
