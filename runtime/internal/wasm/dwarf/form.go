package dwarf

// Forms of attributes that are more than a number of fixed size.
const (
	formAddr          = 0x01
	formBlock2        = 0x03
	formBlock4        = 0x04
	formData2         = 0x05
	formData4         = 0x06
	formData8         = 0x07
	formString        = 0x08
	formBlock         = 0x09
	formBlock1        = 0x0a
	formData1         = 0x0b
	formFlag          = 0x0c
	formSdata         = 0x0d
	formStrp          = 0x0e
	formUdata         = 0x0f
	formRefAddr       = 0x10
	formRef1          = 0x11
	formRef2          = 0x12
	formRef4          = 0x13
	formRef8          = 0x14
	formRefUdata      = 0x15
	formIndirect      = 0x16
	formSecOffset     = 0x17
	formExprloc       = 0x18
	formFlagPresent   = 0x19
	formStrx          = 0x1a
	formAddrx         = 0x1b
	formRefSup4       = 0x1c
	formStrpSup       = 0x1d
	formData16        = 0x1e
	formLineStrp      = 0x1f
	formRefSig8       = 0x20
	formImplicitConst = 0x21
	formLoclistx      = 0x22
	formRnglistx      = 0x23
	formRefSup8       = 0x24
	formStrx1         = 0x25
	formStrx2         = 0x26
	formStrx3         = 0x27
	formStrx4         = 0x28
	formAddrx1        = 0x29
	formAddrx2        = 0x2a
	formAddrx3        = 0x2b
	formAddrx4        = 0x2c
)

// A value is what an attribute has: a number, or the bytes of a string.
type value struct {
	form uint64 // 0 for none
	n    uint64
	text []byte
}

// value reads a value of a form. It reports false for forms that it does not
// know: what follows cannot be found then.
func (d *data) value(r *reader, u *unit, form uint64, implicit int64) (value, bool) {
	v := value{form: form}
	switch form {
	case formAddr:
		v.n = r.word(u.addressSize)
	case formData1, formFlag, formRef1, formStrx1, formAddrx1:
		v.n = r.word(1)
	case formData2, formRef2, formStrx2, formAddrx2:
		v.n = r.word(2)
	case formStrx3, formAddrx3:
		v.n = r.word(3)
	case formData4, formRef4, formStrx4, formAddrx4, formRefSup4:
		v.n = r.word(4)
	case formData8, formRef8, formRefSig8, formRefSup8:
		v.n = r.word(8)
	case formUdata, formRefUdata, formStrx, formAddrx, formLoclistx, formRnglistx:
		v.n = r.uleb()
	case formSdata:
		v.n = uint64(r.sleb())
	case formStrp, formLineStrp, formStrpSup, formSecOffset:
		v.n = r.word(u.offsetSize)
	case formRefAddr:
		if v.n = 0; u.version == 2 {
			v.n = r.word(u.addressSize)
		} else {
			v.n = r.word(u.offsetSize)
		}
	case formString:
		at := r.pos
		v.text = r.str()
		d.spend((r.pos - at) >> 4)
	case formBlock1:
		r.take(r.word(1))
	case formBlock2:
		r.take(r.word(2))
	case formBlock4:
		r.take(r.word(4))
	case formBlock, formExprloc:
		r.take(r.uleb())
	case formData16:
		r.take(16)
	case formFlagPresent:
		v.n = 1
	case formImplicitConst:
		v.n = uint64(implicit)
	case formIndirect:
		if form = r.uleb(); form == formIndirect || form == formImplicitConst {
			return v, false
		}
		return d.value(r, u, form, 0)
	default:
		return v, false
	}
	return v, !r.bad
}

// string is the text that a value stands for.
func (d *data) string(u *unit, v value) string {
	switch v.form {
	case formString:
		if len(v.text) <= maxText {
			return string(v.text)
		}
	case formStrp:
		return d.stringAt(d.str, v.n)
	case formLineStrp:
		return d.stringAt(d.lineStr, v.n)
	case formStrx, formStrx1, formStrx2, formStrx3, formStrx4:
		if offset, ok := wordAt(d.strOffsets, u.strOffsets, v.n, u.offsetSize); ok {
			return d.stringAt(d.str, offset)
		}
	}
	return ""
}

// address is the address that a value stands for.
func (d *data) address(u *unit, v value) (uint64, bool) {
	switch v.form {
	case formAddr:
		return v.n, true
	case formAddrx, formAddrx1, formAddrx2, formAddrx3, formAddrx4:
		return wordAt(d.addr, u.addresses, v.n, u.addressSize)
	}
	return 0, false
}
