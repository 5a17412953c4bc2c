// SPDX-License-Identifier: Apache-2.0

// Nothing here is of use without a spec, so one import brings both.
@_exported public import ImageSpec
